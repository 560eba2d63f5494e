"""Commands for render farms: a chunk of a sequence, its plan, its end, and the jobs of the farms' engines."""
