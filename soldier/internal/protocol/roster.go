package protocol

import "iter"

// roster is a list whose members leave it in any order. Each is told of by gone, and skipped from then on; the list is made
// anew without them once they are the greater part of it, so that leaving costs the same however long the list is. A walk
// that is under way goes on over what was there when it began.
type roster[T interface{ left() bool }] struct {
	list []T
	gone int
}

func (r *roster[T]) add(x T) { r.list = append(r.list, x) }

// leave: one of the members has just left.
func (r *roster[T]) leave() {
	r.gone++
	if r.gone <= len(r.list)/2 {
		return
	}
	list := make([]T, 0, 2*r.len())
	for x := range r.all() {
		list = append(list, x)
	}
	r.list, r.gone = list, 0
}

// len is how many there are.
func (r *roster[T]) len() int { return len(r.list) - r.gone }

// all are the members, in the order in which they came. Some may leave meanwhile.
func (r *roster[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, x := range r.list {
			if !x.left() && !yield(x) {
				return
			}
		}
	}
}
