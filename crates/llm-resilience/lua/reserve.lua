-- KEYS: the request's record, then of each account its rates and its places.
-- ARGV: the request, milliseconds of its lease and of its record, accounts; then of each account: places or '', rates, and
-- of each rate: field, limit, period, burst, units.
-- Answer: code, account, field, microseconds to wait.
local record, id, lease, kept = name(), word(), number(), number()
local known = redis.call('GET', record)
if known then return {known == 'd' and 4 or 1, 0, '', 0} end
local accounts, short, busy = {}, nil, nil
for k = 1, number() do
  local bucket, places, most = name(), name(), word()
  local list = rates(bucket, 1)
  for _, r in ipairs(list) do
    local units = r[1]
    if units > r.limit then return {3, k, r.field, 0} end
    local lacking = r.used + math.min(units * 1000, r.capacity) - r.capacity
    if units > 0 and lacking > 0 then
      local wait = math.max(1, math.ceil(r.since + lacking * r.period / (r.limit * 1000) - now))
      if not short or wait > short[4] then short = {0, k, r.field, wait} end
    end
  end
  if most ~= '' then
    redis.call('ZREMRANGEBYSCORE', places, '-inf', I(now))
    if redis.call('ZCARD', places) >= tonumber(most) then busy = {2, k, '', 0} end
  end
  accounts[k] = {bucket, places, most, list}
end
if short or busy then return short or busy end
for _, account in ipairs(accounts) do
  local bucket, places, most, list = unpack(account)
  for _, r in ipairs(list) do count(r, r[1]) end
  write(bucket, list)
  if most ~= '' then
    redis.call('ZADD', places, I(now + lease * 1000), id)
    redis.call('PEXPIRE', places, I(lease + 60000))
  end
end
redis.call('SET', record, 'r', 'PX', I(kept))
return {1, 0, '', 0}
