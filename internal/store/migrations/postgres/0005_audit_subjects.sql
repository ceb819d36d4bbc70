-- +goose Up
-- Where to look for what the log says about something. It proves nothing by
-- itself: what it points to is checked against the tree.
CREATE TABLE audit_subjects (
  subject TEXT NOT NULL,
  seq     BIGINT NOT NULL,
  PRIMARY KEY (subject, seq)
);
INSERT INTO audit_subjects (subject, seq)
SELECT convert_from(body, 'UTF8')::json ->> 'subject', seq FROM audit_leaves
WHERE convert_from(body, 'UTF8')::json ->> 'subject' IS NOT NULL;

-- +goose Down
DROP TABLE audit_subjects;
