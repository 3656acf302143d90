-- KEYS: the replicas, then of each request at work its record and the places that it has.
-- ARGV: the replica, milliseconds that it lives, of records, requests; of each: its name, milliseconds of its lease, places.
-- Answer: how many replicas live.
local replicas, replica, alive, kept = name(), word(), number(), number()
for i = 1, number() do
  local record, id, lease = name(), word(), number()
  local over = redis.call('GET', record) == 'd'
  if not over then redis.call('SET', record, 'r', 'PX', I(kept)) end
  for k = 1, number() do
    local places = name()
    if not over then
      redis.call('ZADD', places, I(now + lease * 1000), id)
      redis.call('PEXPIRE', places, I(lease + 60000))
    end
  end
end
redis.call('ZREMRANGEBYSCORE', replicas, '-inf', I(now))
if alive > 0 then
  redis.call('ZADD', replicas, I(now + alive * 1000), replica)
  redis.call('PEXPIRE', replicas, I(alive + 60000))
else
  redis.call('ZREM', replicas, replica)
end
return redis.call('ZCARD', replicas)
