package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// BulkJob is a bulk job and where the commander read it.
type BulkJob struct {
	contracts.BulkJob
	Source
}

// BulkJobs are the bulk jobs that are kept.
type BulkJobs struct {
	// Jobs are newest first.
	Jobs []contracts.BulkJob `json:"jobs"`
	Source
}

// PreviewBulk tells what a bulk job would change now.
func (c *Client) PreviewBulk(ctx context.Context, r contracts.BulkRequest) (contracts.BulkPreview, error) {
	var p contracts.BulkPreview
	body, err := encode(r)
	if err != nil {
		return p, fmt.Errorf("encoding the bulk request: %w", err)
	}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: "/bulk/preview", body: body, into: &p}); err != nil {
		return contracts.BulkPreview{}, fmt.Errorf("previewing a bulk %s: %w", r.Action, err)
	}
	return p, nil
}

// OrderBulk has all missions that fit changed in the background. It is tried once, since a second job could retry again what
// failed again: after an UnreachableError or a temporary Problem look at ListBulk.
func (c *Client) OrderBulk(ctx context.Context, r contracts.BulkRequest) (BulkJob, error) {
	var j BulkJob
	body, err := encode(r)
	if err != nil {
		return j, fmt.Errorf("encoding the bulk request: %w", err)
	}
	if err := c.once(ctx, call{method: http.MethodPost, path: "/bulk", body: body, into: &j}); err != nil {
		return BulkJob{}, fmt.Errorf("ordering a bulk %s: %w", r.Action, err)
	}
	return j, nil
}

// GetBulk returns a bulk job, and how far it is.
func (c *Client) GetBulk(ctx context.Context, id string) (BulkJob, error) {
	var j BulkJob
	if _, err := c.do(ctx, call{method: http.MethodGet, path: bulkPath(id), into: &j}); err != nil {
		return BulkJob{}, fmt.Errorf("reading bulk job %s: %w", id, err)
	}
	return j, nil
}

// ListBulk returns the bulk jobs that are kept.
func (c *Client) ListBulk(ctx context.Context) (BulkJobs, error) {
	var l BulkJobs
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/bulk", into: &l}); err != nil {
		return BulkJobs{}, fmt.Errorf("listing bulk jobs: %w", err)
	}
	return l, nil
}

// StopBulk has a bulk job end; one that has ended stays as it is.
func (c *Client) StopBulk(ctx context.Context, id string) (BulkJob, error) {
	var j BulkJob
	if _, err := c.do(ctx, call{method: http.MethodPost, path: bulkPath(id) + "/stop", into: &j}); err != nil {
		return BulkJob{}, fmt.Errorf("stopping bulk job %s: %w", id, err)
	}
	return j, nil
}

// Purge removes a mission that has ended, for good. Code `wrong_status` (409) means that it has not ended, `not_found` that it is
// unknown.
func (c *Client) Purge(ctx context.Context, id string) error {
	tries, err := c.do(ctx, call{method: http.MethodDelete, path: missionPath(id)})
	var p *Problem
	if tries > 1 && errors.As(err, &p) && p.Status == http.StatusNotFound {
		return nil // an earlier try of this very call did it, and only its answer was lost
	}
	if err != nil {
		return fmt.Errorf("purging mission %s: %w", id, err)
	}
	return nil
}

func bulkPath(id string) string { return "/bulk/" + url.PathEscape(id) }
