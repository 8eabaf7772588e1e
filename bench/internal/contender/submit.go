package contender

import (
	"context"
	"sync"
	"sync/atomic"
)

// Spread calls submit for each of n numbers from several goroutines, and returns the first error.
func Spread(ctx context.Context, n, goroutines int, submit func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := submit(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// Chunks is how many batches of the given size the jobs make, and Chunk the size of the i-th.
func Chunks(jobs, size int) int { return (jobs + size - 1) / size }

// Chunk is the size of the i-th batch.
func Chunk(i, jobs, size int) int { return min(size, jobs-i*size) }
