-- +goose Up
-- Lists ask for one state, newest first: what waits, what runs, what is staged.
CREATE INDEX drafts_state ON drafts (state, created_at, id);
CREATE INDEX runs_status ON runs (status, created_at, id);
CREATE INDEX change_sets_state ON change_sets (state, created_at, id);

-- +goose Down
DROP INDEX change_sets_state;
DROP INDEX runs_status;
DROP INDEX drafts_state;
