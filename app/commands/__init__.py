"""The command line `qifu`: one file a group of commands."""
