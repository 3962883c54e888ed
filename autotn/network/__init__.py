"""The words of the original package: structures, instances and systems on the ordinary modules."""
