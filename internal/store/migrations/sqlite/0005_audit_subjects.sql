-- +goose Up
-- Where to look for what the log says about something. It proves nothing by
-- itself: what it points to is checked against the tree.
CREATE TABLE audit_subjects (
  subject TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (subject, seq)
);
INSERT INTO audit_subjects (subject, seq)
SELECT json_extract(CAST(body AS TEXT), '$.subject'), seq FROM audit_leaves
WHERE json_valid(CAST(body AS TEXT)) AND json_extract(CAST(body AS TEXT), '$.subject') IS NOT NULL;

-- +goose Down
DROP TABLE audit_subjects;
