"""Items in SQLite, behind FastAPI: the table is made when the app starts, bodies are checked by pydantic."""

import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, PositiveInt

DATABASE = Path(__file__).parents[1] / "instance/shop.db"


class Item(BaseModel):
    name: str
    count: PositiveInt


def rows(statement, *values):
    with sqlite3.connect(DATABASE) as database:
        return database.execute(statement, values).fetchall()


@asynccontextmanager
async def lifespan(_app):
    rows("create table if not exists items (name text primary key, count integer)")
    yield


app = FastAPI(title="Shop", lifespan=lifespan)
app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")))


@app.get("/up")
async def up():
    return {"up": True}


@app.put("/items")
def put(item: Item) -> Item:
    rows("insert or replace into items values (?, ?)", item.name, item.count)
    return item


@app.get("/items/{name}")
def get(name: str) -> Item:
    found = rows("select name, count from items where name = ?", name)
    if not found:
        raise HTTPException(404, f"no {name}")
    return Item(name=found[0][0], count=found[0][1])
