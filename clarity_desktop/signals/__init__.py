"""From irregular samples to regular epochs: unit conversion, source merging, wear, and the local clock."""
