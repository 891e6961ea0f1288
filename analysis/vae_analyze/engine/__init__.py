"""One pass over the data that feeds every requested analyzer."""
