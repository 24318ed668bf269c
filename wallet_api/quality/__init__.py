"""What the service says of its own quality: availability, latency, verdicts by reason, opinions. No person, no device."""
