"""Pages of the app, one file a subject: each takes a request and gives a view or does one thing and leads on."""
