"""No models: the tables are the library's own. Without this module Django sends no ``post_migrate``."""
