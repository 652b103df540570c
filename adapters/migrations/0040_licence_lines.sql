-- The licence lines of an attempt are few or none of a million: they are found without reading the others.
CREATE INDEX provider_line_licence ON provider_line (population) WHERE kind = 'licence';
