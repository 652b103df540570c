-- Outlines: of each chunk of lines what the checks and the offers need, packed by the reader while it had the chunk in
-- memory. They say nothing that the lines do not say: what has none gets them from its lines, when it is checked.
CREATE TABLE line_outline (
    population bigint  NOT NULL,
    first_line integer NOT NULL,  -- the lowest number in it
    lines      integer NOT NULL,
    content    bytea   NOT NULL,  -- see adapters/line_outline.py
    PRIMARY KEY (population, first_line)
);
ALTER TABLE line_outline ALTER COLUMN content SET STORAGE EXTERNAL;  -- it is compressed already
