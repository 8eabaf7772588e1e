package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/store"
)

func (t *tester) put(collection string, d store.Document) store.Document {
	t.Helper()
	version, err := t.PutDocument(t.ctx, collection, d)
	t.must(err)
	if version <= d.Version {
		t.Fatalf("version %d after %d", version, d.Version)
	}
	d.Version = version
	return d
}

func (t *tester) wantDocuments(collection string, want ...store.Document) {
	t.Helper()
	got, source, err := t.ListDocuments(t.ctx, collection)
	t.must(err)
	if source.Degraded {
		t.Error("the list is degraded")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents of %s (-want +got):\n%s", collection, diff)
	}
	for _, d := range want {
		one, err := t.Document(t.ctx, collection, d.Name)
		t.must(err)
		if diff := cmp.Diff(d, one); diff != "" {
			t.Errorf("document %s (-want +got):\n%s", d.Name, diff)
		}
	}
}

func documentTests() []test {
	return []test{
		{"there are none at first", func(t *tester) {
			t.wantDocuments("plans")
			for _, name := range []string{"a", ""} {
				if _, err := t.Document(t.ctx, "plans", name); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("document %q: %v, want ErrNotFound", name, err)
				}
			}
		}},
		{"documents are kept by collection, in the order of names", func(t *tester) {
			b := t.put("plans", store.Document{Name: "b", Body: []byte("\x00\xff{}")})
			a := t.put("plans", store.Document{Name: "a", Body: []byte("two")})
			other := t.put("others", store.Document{Name: "b", Body: []byte{}})
			t.wantDocuments("plans", a, b)
			t.wantDocuments("others", other)
		}},
		{"a document changes on the condition of its version", func(t *tester) {
			first := t.put("plans", store.Document{Name: "a", Body: []byte("1")})
			second := t.put("plans", store.Document{Name: "a", Version: first.Version, Body: []byte("2")})
			for _, version := range []int64{0, first.Version, second.Version + 1} {
				if _, err := t.PutDocument(t.ctx, "plans", store.Document{Name: "a", Version: version}); !errors.Is(err, store.ErrDocumentChanged) {
					t.Errorf("put over version %d: %v, want ErrDocumentChanged", version, err)
				}
				if err := t.DeleteDocument(t.ctx, "plans", "a", version); !errors.Is(err, store.ErrDocumentChanged) {
					t.Errorf("delete of version %d: %v, want ErrDocumentChanged", version, err)
				}
			}
			if _, err := t.PutDocument(t.ctx, "plans", store.Document{Name: "b", Version: 5}); !errors.Is(err, store.ErrDocumentChanged) {
				t.Errorf("put of a document that is gone: %v, want ErrDocumentChanged", err)
			}
			t.wantDocuments("plans", second)
		}},
		{"what was deleted is gone, and a new one of its name is another one", func(t *tester) {
			first := t.put("plans", store.Document{Name: "a", Body: []byte("1")})
			t.must(t.DeleteDocument(t.ctx, "plans", "a", first.Version))
			t.wantDocuments("plans")
			for _, version := range []int64{0, first.Version} {
				if err := t.DeleteDocument(t.ctx, "plans", "a", version); !errors.Is(err, store.ErrDocumentChanged) {
					t.Errorf("delete of version %d: %v, want ErrDocumentChanged", version, err)
				}
			}
			again := t.put("plans", store.Document{Name: "a", Body: []byte("1")})
			if again.Version == first.Version {
				t.Errorf("the version %d came twice", again.Version)
			}
		}},
		{"of many who change one at once, one does", func(t *tester) {
			first := t.put("plans", store.Document{Name: "a", Body: []byte("1")})
			var done atomic.Int32
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					_, err := t.PutDocument(t.ctx, "plans", store.Document{Name: "a", Version: first.Version, Body: fmt.Append(nil, i)})
					switch {
					case err == nil:
						done.Add(1)
					case !errors.Is(err, store.ErrDocumentChanged):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if done.Load() != 1 {
				t.Errorf("%d changed it", done.Load())
			}
		}},
		{"a collection has room for so many", func(t *tester) {
			var last store.Document
			for i := range store.MaxDocuments {
				last = t.put("plans", store.Document{Name: fmt.Sprintf("%04d", i)})
			}
			one := store.Document{Name: "one more"}
			if _, err := t.PutDocument(t.ctx, "plans", one); !errors.Is(err, store.ErrDocumentsFull) {
				t.Errorf("one more: %v, want ErrDocumentsFull", err)
			}
			last = t.put("plans", last)
			t.must(t.DeleteDocument(t.ctx, "plans", last.Name, last.Version))
			t.put("plans", one)
		}},
		{"what can't be kept is refused", func(t *tester) {
			for _, d := range []store.Document{
				{}, {Name: strings.Repeat("n", store.MaxDocumentName+1)}, {Name: "a", Version: -1},
				{Name: "a", Body: bytes.Repeat([]byte("b"), store.MaxDocumentSize+1)},
			} {
				if _, err := t.PutDocument(t.ctx, "plans", d); err == nil {
					t.Errorf("a document with a name of %d and a body of %d bytes was kept", len(d.Name), len(d.Body))
				}
			}
			t.put("plans", store.Document{Name: strings.Repeat("n", store.MaxDocumentName), Body: bytes.Repeat([]byte("b"), store.MaxDocumentSize)})
		}},
	}
}
