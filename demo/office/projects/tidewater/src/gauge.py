def read_gauge(name):
    return {"north": 1.84, "south": 1.79}[name]
