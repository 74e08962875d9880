"""A week of a unit's life, played through the controller's API: people, kit, sites and deployments to look at."""
