from board.wsgi import application

assert callable(application)
