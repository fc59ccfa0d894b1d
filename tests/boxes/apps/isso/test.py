import comments

assert callable(comments.app)
