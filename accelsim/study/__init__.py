"""Many runs: studies that resume and scale out, and what an architect asks of their results."""
