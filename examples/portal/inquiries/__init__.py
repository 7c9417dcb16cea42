"""Inquiries of citizens: what the portal keeps beside the cases, and its pages."""
