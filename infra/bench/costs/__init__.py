"""What an archive costs: bills, simulated days and seasons, the plan of looks, jobs that run daily."""
