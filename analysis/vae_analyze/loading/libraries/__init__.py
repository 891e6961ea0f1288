"""Files and folders of other libraries."""
