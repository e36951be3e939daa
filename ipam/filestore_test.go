package ipam_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam/storetest"
)

// fileStore shows how little a store needs: a JSON file per pool, with a number in it for compare and swap. One process
// owns the directory.
type fileStore struct {
	mu  sync.Mutex
	dir string
}

func (s *fileStore) path(pool string) string { return filepath.Join(s.dir, pool+".json") }

func (s *fileStore) Get(_ context.Context, pool string) (ipam.Pool, error) {
	data, err := os.ReadFile(s.path(pool))
	if errors.Is(err, fs.ErrNotExist) {
		return ipam.Pool{}, ipam.ErrPoolNotFound
	}
	if err != nil {
		return ipam.Pool{}, err
	}
	var read ipam.Pool
	err = json.Unmarshal(data, &read)
	return read, err
}

func (s *fileStore) Update(ctx context.Context, pool ipam.Pool) (ipam.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, err := s.Get(ctx, pool.Name)
	if err != nil {
		return ipam.Pool{}, err
	}
	if stored.Version != pool.Version {
		return ipam.Pool{}, ipam.ErrConflict
	}
	pool.Version = stored.Version.(float64) + 1
	return pool.Clone(), s.write(pool)
}

// write replaces the file in one step, so that a crash leaves the old or the new pool.
func (s *fileStore) write(pool ipam.Pool) error {
	data, err := json.Marshal(pool)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path(pool.Name)+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path(pool.Name)+".new", s.path(pool.Name))
}

func TestFileStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, pools ...ipam.Pool) ipam.Store {
		t.Helper()
		store := &fileStore{dir: t.TempDir()}
		for _, pool := range pools {
			pool.Version = 0
			if err := store.write(pool); err != nil {
				t.Fatal(err)
			}
		}
		return store
	})
}

func ExampleAllocator_fileStore() {
	dir, _ := os.MkdirTemp("", "pools")
	defer func() { _ = os.RemoveAll(dir) }()
	store := &fileStore{dir: dir}
	r, _ := ipam.ParseRange("192.168.1.0/24", "192.168.1.10", "192.168.1.19", "")
	_ = store.write(ipam.Pool{Name: "home", Ranges: []ipam.Range{r}, Version: 0})
	for range 2 {
		// A new Allocator, as after a restart: the truth is in the files.
		lease, err := ipam.NewAllocator(store).Allocate(context.Background(), ipam.Request{Owner: "printer", Pools: []string{"home"}})
		fmt.Println(lease.Address, err)
	}
	// Output:
	// 192.168.1.10 <nil>
	// 192.168.1.10 <nil>
}
