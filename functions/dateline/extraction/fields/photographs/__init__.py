"""A story's photographs, with their captions and credits."""
