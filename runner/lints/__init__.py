"""What is allowed but seldom meant, and what a team asks of its cohorts."""
