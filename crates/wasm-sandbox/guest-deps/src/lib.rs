//! Nothing of its own: its dependencies are what is wanted.
