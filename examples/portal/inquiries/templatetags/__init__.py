"""Tags of the portal's own templates."""
