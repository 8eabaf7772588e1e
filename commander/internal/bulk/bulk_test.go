package bulk

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	scheduled = contracts.StatusScheduled
	queued    = contracts.StatusQueued
	running   = contracts.StatusInProgress
	completed = contracts.StatusCompleted
	failed    = contracts.StatusFailed
	cancelled = contracts.StatusCancelled
)

func label(value string) func(int, *contracts.MissionRequest) {
	return func(_ int, m *contracts.MissionRequest) { m.Labels = map[string]string{"team": value} }
}

// TestEachActionChangesWhatItCanAndWhatFits, and nothing else.
func TestEachActionChangesWhatItCanAndWhatFits(t *testing.T) {
	for action, want := range map[contracts.BulkAction]map[contracts.Status]contracts.Status{
		contracts.BulkCancel: {scheduled: cancelled, queued: cancelled, running: running},
		contracts.BulkRetry:  {failed: queued, cancelled: queued},
		contracts.BulkPurge:  {completed: "", failed: "", cancelled: ""},
	} {
		t.Run(string(action), func(t *testing.T) {
			inTime(t, func(r *rig) {
				r.works(r.commander)
				blue, red := map[contracts.Status][]string{}, map[contracts.Status][]string{}
				for _, status := range contracts.Statuses() {
					blue[status], red[status] = r.create(150, status, label("blue")), r.create(3, status, label("red"))
				}
				q := contracts.BulkRequest{Action: action, Filter: contracts.BulkFilter{Label: "team:blue"}, Reason: "a test"}
				p, err := r.Preview(t.Context(), q)
				if err != nil || p.Matched != 150*len(want) || !p.Complete || len(p.Sample) != contracts.MaxBulkSample {
					t.Errorf("preview: %d of %d, complete %v, %d shown, %v", p.Matched, 150*len(want), p.Complete, len(p.Sample), err)
				}
				j := r.ends(r.order(q).ID, contracts.BulkDone)
				if j.Matched != 150*len(want) || j.Changed != j.Matched || len(j.Skipped)+j.Failed > 0 || j.Examined != 150*6 {
					t.Errorf("the job: %+v", j)
				}
				if n := r.counts[string(action)+" changed"]; n != j.Changed {
					t.Errorf("%d are counted, want %d", n, j.Changed)
				}
				for _, status := range contracts.Statuses() {
					for i, id := range append(blue[status], red[status]...) {
						becomes, changed := want[status]
						if changed = changed && i < 150; !changed {
							becomes = status
						}
						m := r.record(id).Mission
						if m.Status != becomes || m.CancelRequested != (status == running && changed) {
							t.Fatalf("%s of %s became %s, cancel requested %v", status, m.Labels, m.Status, m.CancelRequested)
						}
						if m.Version > 0 && r.changes(j, id) != map[bool]int{true: 1}[changed] {
							t.Fatalf("%s: its history says that it was changed %d times", status, r.changes(j, id))
						}
					}
				}
			})
		})
	}
}

// TestAFilterMeansWhatItSays: what does not fit stays; a name is looked for among all missions.
func TestAFilterMeansWhatItSays(t *testing.T) {
	inTime(t, func(r *rig) {
		r.works(r.commander)
		ids := r.create(40, queued, func(i int, m *contracts.MissionRequest) {
			m.Kind, m.Name = []string{"a", "b"}[i%2], []string{"Recon", "other"}[i/2%2]
		})
		r.put(ids[0], running)
		for _, c := range []struct {
			f    contracts.BulkFilter
			want int
		}{
			{contracts.BulkFilter{Query: ids[4]}, 1}, {contracts.BulkFilter{Status: running}, 1}, {contracts.BulkFilter{Kind: "a", Query: "rec"}, 8},
			{contracts.BulkFilter{Squad: "nobody"}, 0}, {contracts.BulkFilter{Kind: "b", Status: queued}, 20}, {contracts.BulkFilter{}, 10},
		} {
			q := contracts.BulkRequest{Action: contracts.BulkCancel, Filter: c.f, All: c.f == contracts.BulkFilter{}}
			if j := r.ends(r.order(q).ID, contracts.BulkDone); j.Changed != c.want || j.Matched != c.want {
				t.Errorf("%+v changed %+v, want %d", c.f, j, c.want)
			}
		}
	})
}

// TestOnlyWhatWasThereIsChanged: missions that come while the job walks are none of its own, nor is it kept from its end by them.
func TestOnlyWhatWasThereIsChanged(t *testing.T) {
	inTime(t, func(r *rig) {
		old := r.create(250, queued, nil)
		j := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true})
		time.Sleep(2 * time.Millisecond)
		var young []string
		r.to.before = func() { young = append(young, r.create(60, queued, nil)...) }
		r.works(r.commander)
		j = r.ends(j.ID, contracts.BulkDone)
		if j.Changed != len(old) || len(young) < 120 {
			t.Errorf("%d changed, want %d; %d came meanwhile", j.Changed, len(old), len(young))
		}
		for _, id := range young {
			if m := r.record(id).Mission; m.Status != queued {
				t.Fatalf("a young one is %s", m.Status)
			}
		}
	})
}

// TestNoneIsPassedOverWhileStatusesChange: missions leave the status that is walked and come back; those that stay are changed once.
func TestNoneIsPassedOverWhileStatusesChange(t *testing.T) {
	inTime(t, func(r *rig) {
		ids := r.create(900, failed, nil)
		stays, comesAndGoes := ids[:450], ids[450:]
		lists := 0
		r.to.before = func() {
			lists++
			for i, id := range comesAndGoes {
				if i%3 == lists%3 {
					if status := r.record(id).Mission.Status; status == failed {
						r.put(id, running)
					} else if status == running {
						r.put(id, failed)
					}
				}
			}
		}
		j := r.order(contracts.BulkRequest{Action: contracts.BulkRetry, Filter: contracts.BulkFilter{Status: failed}})
		r.works(r.commander)
		j = r.ends(j.ID, contracts.BulkDone)
		once := 0
		for _, id := range stays {
			once += r.changes(j, id)
			if m := r.record(id).Mission; m.Status != queued || m.Attempt != 2 {
				t.Fatalf("one that stayed is %s, attempt %d", m.Status, m.Attempt)
			}
		}
		others := 0
		for _, id := range comesAndGoes {
			n := r.changes(j, id)
			if n > 1 {
				t.Fatalf("one was changed %d times", n)
			}
			others += n
		}
		if once != len(stays) || j.Changed != once+others {
			t.Errorf("%d and %d changed; the job says %+v", once, others, j)
		}
	})
}

// TestADeadCommanderIsFollowed: whatever of a step it had done, another one goes on, and each mission is changed once.
func TestADeadCommanderIsFollowed(t *testing.T) {
	for _, action := range contracts.BulkActions() {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before its step: %v", action, before), func(t *testing.T) {
				inTime(t, func(r *rig) {
					status := map[contracts.BulkAction]contracts.Status{
						contracts.BulkCancel: queued, contracts.BulkRetry: failed, contracts.BulkPurge: completed,
					}[action]
					ids := r.create(550, status, nil)
					r.hook = func(n int32, is bool) {
						if n == 3 && is == before {
							r.to.cut.Store(true) // and its answers are lost
						}
					}
					r.works(r.commander)
					j := r.order(contracts.BulkRequest{Action: action, Filter: contracts.BulkFilter{Status: status}})
					synctest.Wait()
					other := r.another()
					r.works(other)
					time.Sleep(200 * time.Millisecond)
					if j := r.read(j.ID); !r.to.cut.Load() || j.Changed != 200 || len(j.Pending) != 100 {
						t.Fatalf("it did not die in time: %+v", j.BulkJob)
					}
					// What was retried fails again meanwhile: that is no reason to retry it again.
					again := map[string]bool{}
					for _, id := range ids {
						if action == contracts.BulkRetry && r.record(id).Mission.Status == queued {
							r.put(id, failed)
							again[id] = true
						}
					}
					time.Sleep(lease + every)
					synctest.Wait()
					if other.steps.Load() == 0 {
						t.Error("nobody followed in time")
					}
					got := r.ends(j.ID, contracts.BulkDone)
					if got.Changed != len(ids) || got.Matched != len(ids) || len(got.Skipped)+got.Failed > 0 {
						t.Errorf("%+v", got)
					}
					for _, id := range ids {
						if m := r.record(id).Mission; m.Version > 0 && r.changes(got, id) != 1 || (m.Version == 0) != (action == contracts.BulkPurge) {
							t.Fatalf("mission %s was changed %d times, failed again %v: %+v", id, r.changes(got, id), again[id], m)
						}
					}
				})
			})
		}
	}
}

// TestOneCommanderAtATime: two commanders, and jobs in the order in which they were given.
func TestOneCommanderAtATime(t *testing.T) {
	inTime(t, func(r *rig) {
		other := r.another()
		inside, most := 0, 0
		hook := func(_ int32, before bool) {
			r.mu.Lock()
			if before {
				inside++
			} else {
				inside--
			}
			most = max(most, inside)
			r.mu.Unlock()
			if before {
				time.Sleep(30 * time.Millisecond)
			}
		}
		r.hook, other.hook = hook, hook
		ids := r.create(950, queued, nil)
		first := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true})
		time.Sleep(time.Millisecond)
		second := r.order(contracts.BulkRequest{Action: contracts.BulkRetry, All: true})
		r.works(r.commander)
		r.works(other)
		a, b := r.ends(first.ID, contracts.BulkDone), r.ends(second.ID, contracts.BulkDone)
		if a.Changed != len(ids) || b.Changed != len(ids) || b.FinishedAt.Before(a.FinishedAt.Time) || most != 1 {
			t.Errorf("%+v\n%+v\n%d at a time", a, b, most)
		}
	})
}

// TestThePaceIsKept: at most 2,000 missions a second.
func TestThePaceIsKept(t *testing.T) {
	inTime(t, func(r *rig) {
		r.create(3000, queued, nil)
		r.works(r.commander)
		j := r.ends(r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID, contracts.BulkDone)
		if took := j.FinishedAt.Sub(j.CreatedAt.Time); took < 1500*time.Millisecond || took > 5*time.Second {
			t.Errorf("3,000 missions took %v", took)
		}
	})
}

func TestAJobIsStopped(t *testing.T) {
	inTime(t, func(r *rig) {
		ids := r.create(900, queued, nil)
		var id string
		r.hook = func(n int32, before bool) {
			if n == 3 && before {
				if j, err := r.Stop(t.Context(), id); err != nil || j.State != contracts.BulkStopped {
					t.Errorf("%+v, %v", j, err)
				}
			}
		}
		id = r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID
		r.works(r.commander)
		r.ends(id, contracts.BulkStopped)
		time.Sleep(time.Minute)
		j := r.read(id)
		done := 0
		for _, id := range ids {
			done += r.changes(j.BulkJob, id)
		}
		if done != 300 || j.Changed != done || len(j.Pending) > 0 {
			t.Errorf("%d were changed; %+v", done, j)
		}
		if again, err := r.Stop(t.Context(), id); err != nil || again.FinishedAt != j.FinishedAt {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := r.Stop(t.Context(), "nobody's"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another: %v", err)
		}
	})
}

// TestAJobWaitsForTheStore, and changes each mission once, though answers were lost.
func TestAJobWaitsForTheStore(t *testing.T) {
	inTime(t, func(r *rig) {
		ids := r.create(900, failed, nil)
		r.hook = func(n int32, before bool) {
			if n%2 == 1 && !before {
				r.to.cut.Store(true)
				time.AfterFunc(20*time.Second, func() { r.to.cut.Store(false) })
			}
		}
		r.works(r.commander)
		id := r.order(contracts.BulkRequest{Action: contracts.BulkRetry, All: true}).ID
		for range 40 {
			time.Sleep(10 * time.Second)
		}
		j := r.ends(id, contracts.BulkDone)
		if j.Changed != len(ids) || len(j.Skipped) > 0 {
			t.Errorf("%+v", j)
		}
		for _, id := range ids {
			if m := r.record(id).Mission; m.Attempt != 2 {
				t.Fatalf("attempt %d", m.Attempt)
			}
		}
	})
}

// TestACommanderThatStopsHandsOn: without the wait for its lease.
func TestACommanderThatStopsHandsOn(t *testing.T) {
	inTime(t, func(r *rig) {
		r.create(1900, queued, nil)
		r.works(r.commander)
		id := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID
		synctest.Wait() // it has the job
		other := r.another()
		r.works(other)
		time.Sleep(200 * time.Millisecond)
		if err := r.runner.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if j := r.read(id); j.Changed == 0 || j.Owner != "" || len(j.Pending) > 0 {
			t.Errorf("left behind: %+v", j)
		}
		time.Sleep(every)
		synctest.Wait()
		if other.steps.Load() == 0 {
			t.Error("nobody went on")
		}
		if j := r.ends(id, contracts.BulkDone); j.Changed != 1900 || j.Matched != 1900 {
			t.Errorf("%+v", j)
		}
	})
}

// TestWhatCanNotBeChangedIsCounted, and holds up nobody.
func TestWhatCanNotBeChangedIsCounted(t *testing.T) {
	inTime(t, func(r *rig) {
		ids := r.create(60, queued, nil)
		r.to.unreadable = ids[7]
		r.hook = func(_ int32, before bool) {
			if before {
				r.put(ids[1], completed)
				r.put(ids[2], completed)
				if _, err := r.data.Remove(t.Context(), store.Removal{MissionID: ids[2], IfVersion: 2}); err != nil {
					t.Error(err)
				}
			}
		}
		r.works(r.commander)
		j := r.ends(r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID, contracts.BulkDone)
		if j.Changed != 57 || j.Failed != 1 || len(j.Failures) != 1 || j.Failures[0].MissionID != ids[7] {
			t.Errorf("%+v", j)
		}
		if d := cmp.Diff(map[string]int{"completed": 1, "gone": 1}, j.Skipped); d != "" {
			t.Error(d)
		}
	})
}

// TestWhatCanNotBeRetriedIsSkipped: its deadline has passed, or another one, perhaps of the same job, has its unique key.
func TestWhatCanNotBeRetriedIsSkipped(t *testing.T) {
	inTime(t, func(r *rig) {
		soon := 60
		for n := range 3 {
			r.create(2, failed, func(i int, m *contracts.MissionRequest) {
				if m.UniqueKey = fmt.Sprint("key ", i); n == 2 {
					m.UniqueKey, m.DeadlineSeconds = "", &soon
				}
			})
			time.Sleep(time.Minute)
			if n == 2 {
				r.create(1, queued, func(_ int, m *contracts.MissionRequest) { m.UniqueKey = "key 0" })
			}
		}
		r.works(r.commander)
		j := r.ends(r.order(contracts.BulkRequest{Action: contracts.BulkRetry, Filter: contracts.BulkFilter{Status: failed}}).ID, contracts.BulkDone)
		if d := cmp.Diff(map[string]int{"deadline_passed": 2, "unique_key_taken": 3}, j.Skipped); d != "" || j.Changed != 1 || j.Failed != 0 {
			t.Errorf("%+v\n%s", j, d)
		}
	})
}

// TestAJobThatCanNotBeReadHoldsUpNoOther.
func TestAJobThatCanNotBeReadHoldsUpNoOther(t *testing.T) {
	inTime(t, func(r *rig) {
		if _, err := r.data.PutDocument(t.Context(), collection, store.Document{Name: "0", Body: []byte(`{"id":7`)}); err != nil {
			t.Fatal(err)
		}
		r.create(1, queued, nil)
		r.works(r.commander)
		j := r.ends(r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID, contracts.BulkDone)
		if list, _, err := r.List(t.Context()); err != nil || len(list) != 1 || list[0].ID != j.ID || j.Changed != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestAJobWhoseListFailsFails, after some tries, and the next one begins.
func TestAJobWhoseListFailsFails(t *testing.T) {
	inTime(t, func(r *rig) {
		r.create(1, queued, nil)
		id := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID
		next := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true}).ID
		r.to.listing = errors.New("a row is unreadable")
		r.works(r.commander)
		if j := r.ends(id, contracts.BulkFailed); j.Error == "" {
			t.Errorf("%+v", j)
		}
		r.to.listing = nil
		r.ends(next, contracts.BulkDone)
	})
}

// TestTheLastJobsAreKept: 100, and for 7 days; and so many may wait.
func TestTheLastJobsAreKept(t *testing.T) {
	inTime(t, func(r *rig) {
		for range maxUnfinished {
			r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true})
			time.Sleep(time.Millisecond)
		}
		if _, err := r.Order(t.Context(), contracts.BulkRequest{Action: contracts.BulkCancel, All: true}); !errors.Is(err, ErrTooMany) {
			t.Errorf("one more: %v", err)
		}
		list := func() []contracts.BulkJob {
			t.Helper()
			jobs, _, err := r.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return jobs
		}
		if jobs := list(); len(jobs) != maxUnfinished || jobs[0].CreatedAt.Before(jobs[1].CreatedAt.Time) {
			t.Errorf("%d jobs wait", len(jobs))
		}
		r.works(r.commander)
		r.ends(list()[0].ID, contracts.BulkDone)
		newest := r.order(contracts.BulkRequest{Action: contracts.BulkCancel, All: true})
		r.ends(newest.ID, contracts.BulkDone)
		time.Sleep(2 * every)
		if jobs := list(); len(jobs) != keepJobs || jobs[0].ID != newest.ID {
			t.Errorf("%d are kept", len(jobs))
		}
		if err := r.runner.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(keepFor)
		r.works(r.another())
		time.Sleep(every)
		if jobs := list(); len(jobs) != 0 {
			t.Errorf("%d are kept after %v", len(jobs), keepFor)
		}
		if _, _, err := r.Job(t.Context(), newest.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("one of them: %v", err)
		}
	})
}
