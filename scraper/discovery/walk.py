def walk(place, known):
    return iter(())
