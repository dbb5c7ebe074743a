"""The sending side: takes messages from the outbox to Africa's Talking."""
