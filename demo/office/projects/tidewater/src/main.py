from gauge import read_gauge


def forecast(hours=6):
    level = read_gauge("north")
    return level + 0.02 * hours


print(forecast())
