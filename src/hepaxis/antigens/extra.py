"""How the extra that searches and predicts binding is installed; the room loads without it."""

INSTALL = "pip install -e '.[mimics]' in the project's folder"
