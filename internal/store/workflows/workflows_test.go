package workflows_test

import (
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
	"roleos/internal/store/workflows"
	"roleos/internal/workflow"
)

func TestWorkflowRunsAreKeptAndOfTwoWritersOneLoses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, kept := t.Context(), workflows.New(db)
		r := workflow.Run{ID: "wf-1", Definition: workflow.Definition{ID: "discover"}, Seq: 1, State: workflow.State{Status: workflow.RunOpen}, CreatedAt: time.Unix(9, 0).UTC()}
		if err := kept.SaveWorkflowRun(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := kept.SaveWorkflowRun(ctx, r); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second new run of that id: %v", err)
		}
		r.Seq, r.State.Status = 2, workflow.RunDone
		if err := kept.SaveWorkflowRun(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := kept.SaveWorkflowRun(ctx, r); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a late writer: %v", err)
		}
		got, err := kept.WorkflowRun(ctx, "wf-1")
		if err != nil || got.Seq != 2 || got.State.Status != workflow.RunDone || !got.CreatedAt.Equal(r.CreatedAt) {
			t.Errorf("got %+v, %v", got, err)
		}
		if open, err := kept.WorkflowRuns(ctx, workflow.RunOpen, 10); err != nil || len(open) != 0 {
			t.Errorf("open: %v, %v", open, err)
		}
		if all, err := kept.WorkflowRuns(ctx, "", 10); err != nil || len(all) != 1 {
			t.Errorf("all: %v, %v", all, err)
		}
		if _, err := kept.WorkflowRun(ctx, "wf-2"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a run that is not there: %v", err)
		}
	})
}

func TestTheNewestAttestationCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, kept := t.Context(), workflows.New(db)
		if _, err := kept.Governance(ctx, "agent:x"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("before any: %v", err)
		}
		for i, by := range []string{"person:ana", "person:ben"} {
			a := workflow.Attestation{Subject: "agent:x", Version: "1.0.0", Owner: "pm", By: by, Solo: i == 1, At: time.Unix(int64(i+1), 0).UTC()}
			if err := kept.AddGovernance(ctx, a); err != nil {
				t.Fatal(err)
			}
			if got, err := kept.Governance(ctx, "agent:x"); err != nil || got != a {
				t.Errorf("got %+v, %v; want %+v", got, err, a)
			}
		}
	})
}
