"""The custom actions: a tracker comes in, one use case of the desk is called, events go out."""
