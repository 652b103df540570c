-- What a bulk operation is about, evaluated once when it was asked for.
CREATE TABLE bulk_target (
    operation uuid    NOT NULL,
    place     integer NOT NULL,  -- from 1
    target    uuid    NOT NULL,
    PRIMARY KEY (operation, place),
    UNIQUE (operation, target)
);
