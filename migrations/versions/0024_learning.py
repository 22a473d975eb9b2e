"""What was not answered, who wants to be told, and training from the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "dialogue_models",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("examples", _JSON, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("chosen_at", _MOMENT, nullable=True),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("running_at", _MOMENT, nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_dialogue_models")),
    )
    op.create_index("ix_dialogue_models_chosen_at", "dialogue_models", ["chosen_at"])

    op.create_table(
        "learning_marks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("collected_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_marks")),
    )
    op.create_table(
        "training_examples",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_examples")),
        sa.UniqueConstraint("text", name=op.f("uq_training_examples_text")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "training",
                "evaluating",
                "done",
                "failed",
                name="runstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("alive_until", _MOMENT, nullable=True),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("before", _JSON, nullable=False),
        sa.Column("after", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        sa.UniqueConstraint("active", name=op.f("uq_training_runs_active")),
        sqlite_autoincrement=True,
    )

    op.create_table(
        "unanswered_groups",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "writing", "answered", "dismissed", name="groupstate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("lead", sa.Integer(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("askers", sa.Integer(), nullable=False),
        sa.Column("last_asked_at", _MOMENT, nullable=False),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("article", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("recurred", sa.Integer(), nullable=False),
        sa.Column("reopened_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unanswered_groups")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("unanswered_groups", schema=None) as batch_op:
        batch_op.create_index(
            "ix_unanswered_groups_department", ["department", "state", "askers", "id"], unique=False
        )
        batch_op.create_index("ix_unanswered_groups_rank", ["state", "askers", "id"], unique=False)

    op.create_table(
        "answer_wishes",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("agreed_at", _MOMENT, nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["questions.message_id"], name=op.f("fk_answer_wishes_message_id")
        ),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_answer_wishes_thread_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_answer_wishes")),
    )
    with op.batch_alter_table("answer_wishes", schema=None) as batch_op:
        batch_op.create_index("ix_answer_wishes_open", ["open", "message_id"], unique=False)
        batch_op.create_index("ix_answer_wishes_thread_id", ["thread_id"], unique=False)

    op.create_table(
        "training_decisions",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["questions.message_id"], name=op.f("fk_training_decisions_message_id")
        ),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_training_decisions_thread_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_training_decisions")),
    )
    op.create_index("ix_training_decisions_thread_id", "training_decisions", ["thread_id"])

    op.create_table(
        "unanswered_questions",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column(
            "why",
            sa.Enum(
                "unknown",
                "clarified",
                "unsolved",
                "rated",
                "handed_over",
                name="why",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["unanswered_groups.id"], name=op.f("fk_unanswered_questions_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["questions.message_id"], name=op.f("fk_unanswered_questions_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_unanswered_questions_thread_id")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_unanswered_questions")),
    )
    with op.batch_alter_table("unanswered_questions", schema=None) as batch_op:
        batch_op.create_index("ix_unanswered_questions_group_id", ["group_id"], unique=False)
        batch_op.create_index("ix_unanswered_questions_thread_id", ["thread_id"], unique=False)

    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("intent", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("confidence", sa.Double(), nullable=True))
        batch_op.create_index("ix_questions_confidence", ["confidence", "message_id"], unique=False)

    op.create_index("ix_ratings_level", "ratings", ["level", "rated_at"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("ratings") as ratings:
        ratings.drop_index("ix_ratings_level")
    with op.batch_alter_table("questions") as questions:
        questions.drop_index("ix_questions_confidence")
        questions.drop_column("confidence")
        questions.drop_column("intent")
    for table in (
        "unanswered_questions", "training_decisions", "answer_wishes", "unanswered_groups", "training_runs",
        "training_examples", "learning_marks", "dialogue_models",
    ):  # fmt: skip
        op.drop_table(table)
