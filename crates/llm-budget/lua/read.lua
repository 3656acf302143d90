sweep()
return answer(1)
