"""What a host and a home look like to somebody who must keep the promises there."""
