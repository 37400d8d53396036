"""The pages that people read: templates, one stylesheet, and no script."""
