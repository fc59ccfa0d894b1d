from shop.main import app

assert {"/up", "/items"} <= set(app.openapi()["paths"])
