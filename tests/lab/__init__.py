"""The lab: Docker engines, booted boxes without internet, and generated projects, each for one call."""
