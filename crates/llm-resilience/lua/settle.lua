-- KEYS: of each settlement the request's record, then of each account its rates and its places.
-- ARGV: milliseconds that a settled request is remembered, settlements; of each: the request, 1 if it was asked for,
-- accounts; of each account: rates, and of each rate: field, limit, period, burst, units reserved, units used.
local kept = number()
for s = 1, number() do
  local record, id, asked = name(), word(), word()
  local known = redis.call('GET', record)
  local applies = known == 'r' or (not known and asked ~= '1')
  redis.call('SET', record, 'd', 'PX', I(kept))
  for k = 1, number() do
    local bucket, places = name(), name()
    local list = rates(bucket, 2)
    redis.call('ZREM', places, id)
    if applies then
      for _, r in ipairs(list) do count(r, r[2] - r[1]) end
      write(bucket, list)
    end
  end
end
return 1
