"""What is reported about the service: figures of a period, the monthly report, the ledger of rectifications."""
