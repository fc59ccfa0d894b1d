import cities

assert callable(cities.app)
