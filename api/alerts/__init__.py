"""Alerts: subscriptions, their evaluation, and delivery to webhooks."""
