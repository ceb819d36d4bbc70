package tabular
import "context"
func Workbook(ctx context.Context, raw string, total int64, limit Limits) ([]*Table, error) { return nil, nil }
