"""The pages and acts of the dashboard, by topic; `dashboard.routes` says who may use each."""
