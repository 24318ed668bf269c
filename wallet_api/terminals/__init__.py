"""Enrolment and loss of terminals."""
