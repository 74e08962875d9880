"""Updates: what a unit is to run is fetched, verified, brought in part by part, and taken back where one fails."""
